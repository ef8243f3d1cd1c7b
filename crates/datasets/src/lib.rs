//! Instance formats, seeded generators, suites and the catalogue of public sources
