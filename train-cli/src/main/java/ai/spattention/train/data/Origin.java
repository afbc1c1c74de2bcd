package ai.spattention.train.data;

/**
 * Where a document came from, as its shard's metadata say it.
 *
 * @param id the document's id
 * @param source its file
 * @param line its line or row in the file, from 1 on
 */
record Origin(String id, String source, long line) {}
