/** What a model is asked beyond its mean loss: by position, by recall distance, by copying, at other lengths. */
package ai.spattention.eval.probe;
