/** Tells what works on this machine. What may crash runs in a process of its own. */
package ai.spattention.train.doctor;
