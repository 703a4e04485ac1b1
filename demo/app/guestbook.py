"""A guest book: entries in PostgreSQL, pictures in a directory."""

import os
from pathlib import Path

import psycopg2
from flask import Flask, abort, redirect, render_template_string, request, send_from_directory
from werkzeug.utils import secure_filename

UPLOADS = Path("/srv/app/uploads")
PAGE = """<!doctype html>
<title>Guest book</title>
<link rel="stylesheet" href="/static/style.css">
<h1>Guest book</h1>
{% for name, text in entries %}<p><b>{{ name }}</b>: {{ text }}</p>
{% endfor %}
<form method="post" action="/entries"><input name="name"> <input name="text"> <button>Write</button></form>
"""

app = Flask(__name__)


def database():
    password = Path(os.environ["DB_PASSWORD_FILE"]).read_text().strip()
    host = os.environ["DB_HOST"]
    return psycopg2.connect(host=host, dbname="guestbook", user="postgres", password=password)


@app.get("/")
def show():
    with database() as db, db.cursor() as cursor:
        cursor.execute("SELECT name, text FROM entry ORDER BY id DESC LIMIT 50")
        return render_template_string(PAGE, entries=cursor.fetchall())


@app.post("/entries")
def write():
    with database() as db, db.cursor() as cursor:
        cursor.execute(
            "INSERT INTO entry (name, text) VALUES (%s, %s)", (request.form["name"], request.form["text"])
        )
    return redirect("/")


@app.get("/count")
def count():
    with database() as db, db.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM entry")
        return str(cursor.fetchone()[0])


@app.post("/files")
def upload():
    file = request.files["file"]
    name = secure_filename(file.filename or "")
    if not name:
        abort(400)
    file.save(UPLOADS / name)
    return name, 201


@app.get("/files/<name>")
def download(name):
    return send_from_directory(UPLOADS, name)


@app.get("/health")
def health():
    with database():
        return "ok"
