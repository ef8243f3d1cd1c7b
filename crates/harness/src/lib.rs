//! Plans, limits, one process per measured run, resume and manifest
