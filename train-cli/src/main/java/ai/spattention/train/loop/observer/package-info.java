/** Who is told of what happens in a run. Begin with {@link ai.spattention.train.loop.observer.RunObserver}. */
package ai.spattention.train.loop.observer;
