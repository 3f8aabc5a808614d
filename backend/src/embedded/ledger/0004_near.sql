-- Rows that are written together lie together. Each commit writes every page that it touches, so an index in which the
-- entries of one webhook are scattered costs a page each; that was three quarters of what was written.

-- When a job of the lane was last accepted; an index over all jobs knew it before.
ALTER TABLE lane ADD COLUMN heard_at INTEGER NOT NULL DEFAULT 0;
UPDATE lane SET heard_at = COALESCE((SELECT MAX(accepted_at) FROM job WHERE job.shop = lane.shop), 0);

-- What makes a webhook a repetition, from now on: all keys of one order side by side, new orders at the end. What was
-- known before stands in `identity` for ever.
CREATE TABLE seen (
  key BLOB PRIMARY KEY                     -- 8 bytes that say where, then half of the hash
) WITHOUT ROWID;

-- The same columns; unique is the job's id, then its lane, because platforms count their orders upwards.
CREATE TABLE job_near (
  seq         INTEGER PRIMARY KEY,
  lane        INTEGER NOT NULL REFERENCES lane (seq),
  id          TEXT NOT NULL,
  shop        TEXT NOT NULL,
  state       TEXT NOT NULL,
  changed_at  INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL,
  place       INTEGER NOT NULL,
  in_line     INTEGER NOT NULL,            -- 1: it has an entry in the ready line
  ready_at    INTEGER NOT NULL,            -- 0: now; the largest integer: not until a person decides
  stops       INTEGER NOT NULL,            -- 1: nothing may pass it while it is not ready
  customer    TEXT,                        -- marks, never names
  email       TEXT,
  address     TEXT,
  card        TEXT,
  warehouse   TEXT,                        -- account and order id there, if it is there
  format      INTEGER NOT NULL,
  doc         TEXT NOT NULL
);

-- The indexes come before the rows: made afterwards, each would sort all jobs in memory.
DROP INDEX job_line;
DROP INDEX job_stopping;
DROP INDEX job_state;
DROP INDEX job_shop_state;
DROP INDEX job_shop;
DROP INDEX job_accepted;
DROP INDEX job_customer;
DROP INDEX job_email;
DROP INDEX job_address;
DROP INDEX job_card;
DROP INDEX job_warehouse;
CREATE UNIQUE INDEX job_id ON job_near (id, lane);
CREATE INDEX job_line ON job_near (lane, place, ready_at, stops, id) WHERE in_line = 1;
CREATE INDEX job_stopping ON job_near (lane, ready_at) WHERE in_line = 1 AND stops = 1 AND ready_at <> 0;
CREATE INDEX job_state ON job_near (state, changed_at);
-- What waits or is attempted is found by the line.
CREATE INDEX job_shop_state ON job_near (shop, state, changed_at) WHERE state NOT IN ('waiting', 'attempting');
CREATE INDEX job_shop ON job_near (shop);
CREATE INDEX job_customer ON job_near (lane, customer, state, id) WHERE customer IS NOT NULL;
CREATE INDEX job_email ON job_near (lane, email) WHERE email IS NOT NULL;
-- Where an order goes and who pays it is compared with held orders alone.
CREATE INDEX job_address ON job_near (lane, address) WHERE address IS NOT NULL AND state = 'held';
CREATE INDEX job_card ON job_near (lane, card) WHERE card IS NOT NULL AND state = 'held';
CREATE INDEX job_warehouse ON job_near (warehouse) WHERE warehouse IS NOT NULL;

INSERT INTO job_near
  SELECT seq, lane, id, shop, state, changed_at, accepted_at, place, in_line, ready_at, stops, customer, email, address,
         card, warehouse, format, doc
  FROM job ORDER BY seq;
DROP TABLE job;
ALTER TABLE job_near RENAME TO job;
