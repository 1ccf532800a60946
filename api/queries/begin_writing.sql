-- First in a transaction that writes a session: the role's transactions are read-only otherwise.
set transaction isolation level read committed, read write
