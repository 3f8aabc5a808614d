-- Times are microseconds since 1970. `doc` columns are JSON in the domain's own shape; `format` tells a later version
-- how to read them. Nothing is ever deleted except by redaction.

CREATE TABLE shop (
  id      TEXT PRIMARY KEY,
  doc     TEXT NOT NULL,
  removed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Each of a shop's domains leads to it, so that a renamed shop keeps its lane.
CREATE TABLE domain (
  source TEXT NOT NULL,
  name   TEXT NOT NULL,
  shop   TEXT NOT NULL,
  PRIMARY KEY (source, name)
) WITHOUT ROWID;

CREATE TABLE operator (
  id         TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  doc        TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE lane (
  seq         INTEGER PRIMARY KEY,
  key         TEXT NOT NULL UNIQUE,
  shop        TEXT NOT NULL,
  places      INTEGER NOT NULL DEFAULT 0,  -- the last place that was given
  depth       INTEGER NOT NULL DEFAULT 0,  -- jobs in the ready line
  wake        INTEGER,                     -- when the sweep must look; never null while work is ready or due
  put_off     INTEGER NOT NULL DEFAULT 0,  -- sweeps in a row that nobody answered
  fence       INTEGER NOT NULL DEFAULT 0,
  owner       TEXT,
  lease_until INTEGER,
  strikes     INTEGER NOT NULL DEFAULT 0,
  paused      TEXT,
  rest        TEXT
);
CREATE INDEX lane_wake ON lane (wake) WHERE wake IS NOT NULL;
CREATE INDEX lane_shop ON lane (shop);
CREATE INDEX lane_paused ON lane (seq) WHERE paused IS NOT NULL;

CREATE TABLE job (
  seq        INTEGER PRIMARY KEY,
  lane       INTEGER NOT NULL REFERENCES lane (seq),
  id         TEXT NOT NULL,
  shop       TEXT NOT NULL,
  state      TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  place      INTEGER NOT NULL,
  in_line    INTEGER NOT NULL,             -- 1: it has an entry in the ready line
  ready_at   INTEGER NOT NULL,             -- 0: now; the largest integer: not until a person decides
  stops      INTEGER NOT NULL,             -- 1: nothing may pass it while it is not ready
  format     INTEGER NOT NULL,
  doc        TEXT NOT NULL,
  UNIQUE (lane, id)
);
CREATE INDEX job_line ON job (lane, place, ready_at, stops, id) WHERE in_line = 1;
CREATE INDEX job_stopping ON job (lane, ready_at) WHERE in_line = 1 AND stops = 1 AND ready_at <> 0;
CREATE INDEX job_state ON job (state, changed_at);
CREATE INDEX job_shop_state ON job (shop, state, changed_at);
CREATE INDEX job_shop ON job (shop);

-- The timeline, append-only.
CREATE TABLE history (
  seq    INTEGER PRIMARY KEY,
  job    INTEGER NOT NULL REFERENCES job (seq),
  format INTEGER NOT NULL,
  doc    TEXT NOT NULL
);
CREATE INDEX history_job ON history (job);

-- One decision per question, ever.
CREATE TABLE decision (
  job    INTEGER NOT NULL REFERENCES job (seq),
  number INTEGER NOT NULL,
  doc    TEXT NOT NULL,
  PRIMARY KEY (job, number)
) WITHOUT ROWID;

-- Until when a provider wants no calls: a start must not forget it.
CREATE TABLE account (
  id         TEXT PRIMARY KEY,
  stop_until INTEGER NOT NULL
) WITHOUT ROWID;

-- What operators did to lanes and to quarantined webhooks; decisions about jobs stand in their timelines. Append-only.
CREATE TABLE audit (
  seq  INTEGER PRIMARY KEY,
  at   INTEGER NOT NULL,
  by   TEXT NOT NULL,
  what TEXT NOT NULL,
  on_  TEXT NOT NULL
);

-- Changes that were asked for under an idempotency key.
CREATE TABLE request (
  by      TEXT NOT NULL,
  key     TEXT NOT NULL,
  request BLOB NOT NULL,
  answer  TEXT NOT NULL,
  PRIMARY KEY (by, key)
) WITHOUT ROWID;

-- What makes a webhook a repetition. Only hashes, kept for ever.
CREATE TABLE identity (
  key BLOB PRIMARY KEY
) WITHOUT ROWID;

CREATE TABLE webhook (
  seq         INTEGER PRIMARY KEY,
  source      TEXT NOT NULL,
  merchant    TEXT NOT NULL,
  shop        TEXT,
  topic       TEXT NOT NULL,
  webhook_id  TEXT,
  event_id    TEXT,
  body_hash   BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  correlation TEXT NOT NULL,
  outcome     TEXT NOT NULL,
  quarantine  TEXT,                        -- why it was kept without becoming work
  words       TEXT,
  job         INTEGER REFERENCES job (seq),
  content     TEXT,                        -- what it said, while it may still become work
  bytes       INTEGER NOT NULL,
  body        BLOB                         -- zstd; null once dropped
);
CREATE INDEX webhook_job ON webhook (job) WHERE job IS NOT NULL;
CREATE INDEX webhook_quarantine ON webhook (quarantine, merchant) WHERE quarantine IS NOT NULL;
CREATE INDEX webhook_kept ON webhook (seq) WHERE quarantine IS NOT NULL;

-- Counts that would be slow to count: jobs by state, webhooks by what became of them.
CREATE TABLE tally (
  name TEXT PRIMARY KEY,
  n    INTEGER NOT NULL
) WITHOUT ROWID;
