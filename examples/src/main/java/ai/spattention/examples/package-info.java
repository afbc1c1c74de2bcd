/** Small complete programs, each with its story in the folder's README. */
package ai.spattention.examples;
