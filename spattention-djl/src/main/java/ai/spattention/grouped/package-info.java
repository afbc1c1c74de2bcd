/**
 * Matrix products of the rows of many experts in one GPU launch, however uneven their load; the source is
 * {@code src/main/kernel/grouped.py}, for compute capability 9.0 {@code grouped_hopper.py}.
 */
package ai.spattention.grouped;
