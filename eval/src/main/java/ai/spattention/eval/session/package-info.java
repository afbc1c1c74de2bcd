/**
 * A loaded model that is asked everything at once: tasks, texts, tokens and ready requests ({@link ai.spattention.eval.session.Evaluation}),
 * or probes ({@link ai.spattention.eval.session.ModelProbes}). The parts are in the other packages.
 * Begin at {@link ai.spattention.eval.session.Evaluation}.
 */
package ai.spattention.eval.session;
