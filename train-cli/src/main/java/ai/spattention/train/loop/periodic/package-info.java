/** What looks at a model in training between its steps: validation, benchmark tasks, probes. */
package ai.spattention.train.loop.periodic;
