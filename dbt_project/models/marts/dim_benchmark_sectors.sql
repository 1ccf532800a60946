{{ published_versions(ref('pub_benchmark_sectors'), ['benchmark', 'effective_date', 'sector']) }}
