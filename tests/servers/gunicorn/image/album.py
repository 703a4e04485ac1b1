"""Stores uploads and keeps a list of them in SQLite; large ones go through a temporary file."""

import hashlib
import sqlite3
from pathlib import Path

from flask import Flask, abort, request, send_from_directory
from werkzeug.utils import secure_filename

DATA = Path("/data")
app = Flask(__name__)


def database():
    connection = sqlite3.connect(DATA / "album.db", timeout=20)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS picture (name TEXT PRIMARY KEY, size INTEGER, sha256 TEXT)"
    )
    return connection


@app.get("/")
def index():
    with database() as db:
        return {name: [size, sha] for name, size, sha in db.execute("SELECT name, size, sha256 FROM picture")}


@app.post("/pictures")
def store():
    picture = request.files["picture"]
    name = secure_filename(picture.filename or "") or abort(400)
    content = picture.stream.read()
    digest = hashlib.sha256(content).hexdigest()
    (DATA / name).write_bytes(content)
    with database() as db:
        db.execute("REPLACE INTO picture VALUES (?, ?, ?)", (name, len(content), digest))
    return f"{len(content)} {digest}\n"


@app.get("/pictures/<name>")
def fetch(name):
    return send_from_directory(DATA, name)
