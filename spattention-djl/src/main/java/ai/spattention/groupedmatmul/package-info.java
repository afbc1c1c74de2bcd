/**
 * Matrix products of the rows of many experts in one GPU launch, however uneven their load, with the way of tokens' rows to their experts
 * (dispatch) and back (combine). Begin at {@link ai.spattention.groupedmatmul.GroupedMatmulSteps}.
 */
package ai.spattention.groupedmatmul;
