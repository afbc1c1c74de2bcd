/**
 * What a person sees of a run while it goes on, on standard error: a bar on a terminal, plain lines elsewhere. Standard
 * output stays free for results.
 */
package ai.spattention.train.progress;
