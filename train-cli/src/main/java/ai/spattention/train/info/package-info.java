/**
 * What models, runs and prepared data are, and what a run will be, as JSON objects and as text for people. Keys that end in {@code _bytes}
 * are sizes; numbers that are not known are null. Begin at {@link ai.spattention.train.info.FolderInfo}.
 */
package ai.spattention.train.info;
