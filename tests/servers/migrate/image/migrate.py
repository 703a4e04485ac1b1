"""Brings the database to the newest schema; does nothing when it is there already."""

import sqlite3

with sqlite3.connect("/data/app.db") as db:
    db.execute("CREATE TABLE IF NOT EXISTS visit (at TEXT)")
    db.execute("CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY)")
    db.execute("INSERT OR IGNORE INTO migration VALUES (1)")
print("migrated")
