CREATE TABLE entry (id serial PRIMARY KEY, name text NOT NULL, text text NOT NULL, written timestamptz DEFAULT now());
