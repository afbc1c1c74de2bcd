/**
 * What a model is asked beyond its mean loss: by position, by recall distance, by copying, at other lengths. Begin at {@link
 * ai.spattention.eval.probe.ProbeRun}.
 */
package ai.spattention.eval.probe;
