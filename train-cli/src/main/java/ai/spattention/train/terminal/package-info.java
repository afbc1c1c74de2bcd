/** What reaches the terminal: nothing that a foreign text says commands it, and a result that could not be written is told. */
package ai.spattention.train.terminal;
