-- The ledger is on its way into another store, under this id and since then: nobody carries orders out by this file any
-- more, unless the move is called off. One row at the most.
CREATE TABLE moved (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) WITHOUT ROWID;
