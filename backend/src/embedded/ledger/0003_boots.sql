-- How a file that is older than what last ran here is told, and what is known of a file that was.

-- Under which ids the program ran with this file. The newest stands in a file beside this one, too; old ones are dropped.
CREATE TABLE boot (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL
);

-- When a backup was put in place of the file, and how many jobs are looked up because of it. Append-only.
CREATE TABLE restored (
  seq  INTEGER PRIMARY KEY,
  at   INTEGER NOT NULL,
  jobs INTEGER NOT NULL
);
