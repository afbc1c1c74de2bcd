/**
 * Keys of configurations, stated beside the records' components that hold their values: {@link ai.spattention.olmoe.keys.Key} says what
 * a key means and which value it has by default, {@link ai.spattention.olmoe.keys.Range} which numbers it may have. {@link
 * ai.spattention.olmoe.keys.RecordKeys} reads both off a record, for what reads, checks, writes and documents it.
 * Begin at {@link ai.spattention.olmoe.keys.Key}.
 */
package ai.spattention.olmoe.keys;
