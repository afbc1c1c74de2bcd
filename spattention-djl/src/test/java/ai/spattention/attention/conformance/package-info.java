/**
 * What every attention kernel is held to: begin at {@link ai.spattention.attention.conformance.AttentionKernelConformance}. This package is
 * the library's test jar. Letters as in {@link ai.spattention.attention}.
 */
package ai.spattention.attention.conformance;
