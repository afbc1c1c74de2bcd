/**
 * A run's curves for TensorBoard: event files as TensorFlow writes them, a sequence of framed {@code Event} messages of protocol buffers
 * (tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto). The few messages needed are encoded by hand: the libraries
 * that have them bring TensorFlow's natives along, or are of its first version. Begin at {@link
 * ai.spattention.train.metrics.tensorboard.TensorBoardLog}.
 */
package ai.spattention.train.metrics.tensorboard;
