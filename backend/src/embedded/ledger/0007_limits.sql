-- What the limiters of several processes agree on about a provider account. One file has one program, whose limiter keeps to
-- itself: the table stays empty where only `lanekeeper up` writes the file.
CREATE TABLE limits (
  account TEXT PRIMARY KEY,
  rev     INTEGER NOT NULL,
  words   TEXT NOT NULL
) WITHOUT ROWID;
