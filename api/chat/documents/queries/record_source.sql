insert into document_sources (source, sha256)
values (%(source)s, %(sha256)s)
on conflict (source) do update set sha256 = excluded.sha256, refreshed_at = now()
