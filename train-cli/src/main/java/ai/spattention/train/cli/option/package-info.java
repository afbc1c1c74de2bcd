/** Options that several commands share, and how their values are read and checked. */
package ai.spattention.train.cli.option;
