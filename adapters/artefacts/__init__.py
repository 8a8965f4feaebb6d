"""Where artefacts' bytes are kept: a local disk, or an S3-compatible store."""
