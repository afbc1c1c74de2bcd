/** What every other package may use, and which uses none: errors for people. Begin at {@link ai.spattention.common.InvalidInputException}. */
package ai.spattention.common;
