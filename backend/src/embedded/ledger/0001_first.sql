-- Times are microseconds since 1970. `doc` columns are JSON in the domain's own shape; `format` tells a later version
-- how to read them. Nothing is ever deleted except by redaction, and
-- hints when they were followed.

CREATE TABLE shop (
  id      TEXT PRIMARY KEY,
  doc     TEXT NOT NULL,
  put_at  INTEGER NOT NULL,                -- when it was last added
  left_at INTEGER,                         -- when the merchant took the app away since
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
  customer   TEXT,                         -- marks, never names
  email      TEXT,
  address    TEXT,
  card       TEXT,
  warehouse  TEXT,                         -- account and order id there, if it is there
  UNIQUE (lane, id)
);
CREATE INDEX job_line ON job (lane, place, ready_at, stops, id) WHERE in_line = 1;
CREATE INDEX job_stopping ON job (lane, ready_at) WHERE in_line = 1 AND stops = 1 AND ready_at <> 0;
CREATE INDEX job_state ON job (state, changed_at);
CREATE INDEX job_shop_state ON job (shop, state, changed_at);
CREATE INDEX job_shop ON job (shop);
CREATE INDEX job_customer ON job (lane, customer, state, id) WHERE customer IS NOT NULL;
CREATE INDEX job_email ON job (lane, email) WHERE email IS NOT NULL;
CREATE INDEX job_address ON job (lane, address, state) WHERE address IS NOT NULL;
CREATE INDEX job_card ON job (lane, card, state) WHERE card IS NOT NULL;
CREATE INDEX job_warehouse ON job (warehouse) WHERE warehouse IS NOT NULL;

-- What the platform calls the parts of an order; some webhooks name only those.
CREATE TABLE part (
  shop       TEXT NOT NULL,
  id         TEXT NOT NULL,
  job        INTEGER REFERENCES job (seq),
  touched_at INTEGER,                      -- when it was last named while nobody knew whose part it is
  PRIMARY KEY (shop, id)
) WITHOUT ROWID;
CREATE INDEX part_job ON part (job) WHERE job IS NOT NULL;

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

-- Until when a provider wants no calls, and how far its shipments were looked through: a start must not forget it.
CREATE TABLE account (
  id           TEXT PRIMARY KEY,
  stop_until   INTEGER NOT NULL DEFAULT 0,
  looked_until INTEGER
) WITHOUT ROWID;

-- A warehouse's hints that it shipped something, until they are followed. A number is never given twice.
CREATE TABLE notice (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  account     TEXT NOT NULL,
  url         TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  UNIQUE (account, url)
);
CREATE INDEX notice_open ON notice (account, seq);

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

-- What was asked about somebody's data. Whom it is about stands here as marks, and only until they are forgotten.
CREATE TABLE privacy (
  seq         INTEGER PRIMARY KEY,
  source      TEXT NOT NULL,
  merchant    TEXT NOT NULL,               -- empty once the shop is forgotten
  shop        TEXT,
  format      INTEGER NOT NULL,
  doc         TEXT NOT NULL,
  progress    TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  done_at     INTEGER
);
CREATE INDEX privacy_open ON privacy (seq) WHERE done_at IS NULL;

-- Orders that stay forgotten, and shops until they are added again. Only hashes, and since when.
CREATE TABLE forgotten (
  key BLOB PRIMARY KEY,
  at  INTEGER NOT NULL
) WITHOUT ROWID;

-- Counts that would be slow to count: jobs by state, webhooks by what became of them.
CREATE TABLE tally (
  name TEXT PRIMARY KEY,
  n    INTEGER NOT NULL
) WITHOUT ROWID;
