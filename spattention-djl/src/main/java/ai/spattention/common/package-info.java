/** What every other package may use, and which uses none: errors for people. */
package ai.spattention.common;
