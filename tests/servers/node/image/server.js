// Files, compression and key derivation: the first of each starts libuv's thread pool, some time after the start.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');
const { pipeline } = require('stream');
const zlib = require('zlib');

const PUBLIC = path.join(__dirname, 'public');

function fail(response, code, message) {
  response.writeHead(code, { 'Content-Type': 'text/plain' });
  response.end(message + '\n');
}

function file(name, request, response) {
  fs.readFile(path.join(PUBLIC, path.basename(name) || 'index.html'), (error, content) => {
    if (error) return fail(response, 404, 'not found');
    if (!/gzip/.test(request.headers['accept-encoding'] || '')) return response.end(content);
    zlib.gzip(content, (failure, packed) => {
      if (failure) return fail(response, 500, failure.message);
      response.writeHead(200, { 'Content-Encoding': 'gzip' });
      response.end(packed);
    });
  });
}

// A body goes to a temporary file first, as upload libraries do.
function upload(request, response) {
  const name = path.join(os.tmpdir(), 'upload-' + crypto.randomBytes(8).toString('hex'));
  const hash = crypto.createHash('sha256');
  request.on('data', (block) => hash.update(block));
  pipeline(request, fs.createWriteStream(name), (error) => {
    if (error) return fail(response, 500, error.message);
    fs.stat(name, (failure, stat) => {
      fs.unlink(name, () => {});
      if (failure) return fail(response, 500, failure.message);
      response.end(`${stat.size} ${hash.digest('hex')}\n`);
    });
  });
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (request.method === 'POST' && url.pathname === '/upload') return upload(request, response);
  if (url.pathname === '/hash') {
    return crypto.pbkdf2(url.searchParams.get('p') || '', 'salt', 20000, 32, 'sha256', (error, key) =>
      error ? fail(response, 500, error.message) : response.end(key.toString('hex') + '\n'));
  }
  return file(url.pathname.slice(1), request, response);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => { server.close(() => process.exit(0)); setTimeout(() => process.exit(0), 1000).unref(); });
}
server.listen(3000, () => console.log('listening on 3000'));
