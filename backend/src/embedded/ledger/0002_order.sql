-- What carrying an order as its merchant wants takes: whose it is, its parts, its shipments, and who asked to be
-- forgotten. A file of the first version has none of it; what it can know is filled in, the rest comes with the next
-- attempt at each order.

-- When the shop was last added, and when the merchant took the app away since.
ALTER TABLE shop ADD COLUMN put_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE shop ADD COLUMN left_at INTEGER;
-- When an operator removed it; of one that is removed already nobody knows.
ALTER TABLE shop ADD COLUMN removed_at INTEGER;
-- The first version wrote down only when a shop was added first.
UPDATE shop SET put_at = COALESCE(CAST(strftime('%s', json_extract(doc, '$.added_at')) AS INTEGER), 0) * 1000000;

ALTER TABLE job ADD COLUMN accepted_at INTEGER NOT NULL DEFAULT 0;
UPDATE job SET accepted_at = COALESCE(CAST(strftime('%s', json_extract(doc, '$.accepted_at')) AS INTEGER), 0) * 1000000;
CREATE INDEX job_accepted ON job (shop, accepted_at);
-- Marks, never names.
ALTER TABLE job ADD COLUMN customer TEXT;
ALTER TABLE job ADD COLUMN email TEXT;
ALTER TABLE job ADD COLUMN address TEXT;
ALTER TABLE job ADD COLUMN card TEXT;
-- Account and order id there, if it is there.
ALTER TABLE job ADD COLUMN warehouse TEXT;
UPDATE job SET warehouse = json_extract(doc, '$.reach.there.account') || '/' || json_extract(doc, '$.reach.there.order_id');
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

-- Until when a provider wants no calls, and how far its shipments were looked through: a start must not forget it.
ALTER TABLE account RENAME TO account_before;
CREATE TABLE account (
  id           TEXT PRIMARY KEY,
  stop_until   INTEGER NOT NULL DEFAULT 0,
  looked_until INTEGER
) WITHOUT ROWID;
INSERT INTO account (id, stop_until) SELECT id, stop_until FROM account_before;
DROP TABLE account_before;

-- A warehouse's hints that it shipped something, until they are followed. A number is never given twice.
CREATE TABLE notice (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  account     TEXT NOT NULL,
  url         TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  UNIQUE (account, url)
);
CREATE INDEX notice_open ON notice (account, seq);

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
  done_at     INTEGER,
  dismissed   INTEGER NOT NULL DEFAULT 0   -- 1: a person closed it without carrying it out
);
CREATE INDEX privacy_open ON privacy (seq) WHERE done_at IS NULL;

-- Orders that stay forgotten, and shops until they are added again. Only hashes, and since when.
CREATE TABLE forgotten (
  key BLOB PRIMARY KEY,
  at  INTEGER NOT NULL
) WITHOUT ROWID;
