/**
 * What models, runs and prepared data are, and what a run will be, as JSON objects and as text for people. Keys that end in
 * {@code _bytes} are sizes; numbers that are not known are null.
 */
package ai.spattention.train.info;
