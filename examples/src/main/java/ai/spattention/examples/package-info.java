/** Small complete programs, each with its story in the folder's README. Begin at {@link ai.spattention.examples.FineTuning}. */
package ai.spattention.examples;
