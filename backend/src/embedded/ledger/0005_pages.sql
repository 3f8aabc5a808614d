-- Fewer pages for each webhook: an entry in an index that is ordered otherwise than webhooks come is a page of its own.
-- From this version on bodies are kept against an order's shape, too (a byte before the frame), which an older program could
-- not read back: it refuses the file for its number.

-- Making an index sorts all jobs in memory, a hundred bytes each, this once.

-- A shop's jobs are those of its lanes, and their numbers are few enough to be sorted when they are listed.
DROP INDEX IF EXISTS job_shop;
-- All of a lane's jobs stand in it.
DROP INDEX IF EXISTS job_customer;
CREATE INDEX job_customer ON job (lane, customer, state, id);
-- Whoever is known by a mail address alone. Only what is asked about somebody's data looks for other orders with it, and goes
-- through all jobs for that.
DROP INDEX IF EXISTS job_email;
CREATE INDEX job_email ON job (lane, email) WHERE email IS NOT NULL AND customer IS NULL;

-- A shop that is put or removed takes its domains along, among those of all others. Some files have it already.
CREATE INDEX IF NOT EXISTS domain_shop ON domain (shop);
