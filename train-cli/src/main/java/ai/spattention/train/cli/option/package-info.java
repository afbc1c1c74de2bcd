/** Options that several commands share, and how their values are read and checked. Begin at {@link ai.spattention.train.cli.option.ModelOptions}. */
package ai.spattention.train.cli.option;
