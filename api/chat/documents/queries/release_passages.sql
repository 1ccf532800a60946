update documents
set claimed_until = null
where sha256 = any(%(digests)s)
