/**
 * Jinja templates with Jinja2 3.1's results on Python 3.11, to the character; what is not there is refused by name. Begin at {@link
 * ai.spattention.eval.jinja.JinjaTemplate}.
 *
 * <p>It is an engine of our own because no library for Java gives Jinja2's results: the best known one, jinjava
 * 2.8.3, in its most faithful settings, agreed with 47% of the 8,600 cases that this package's test takes a part of, and gave
 * another text without an error in 36%, in ways that its extension points do not reach: numbers are Java's long and double,
 * values print as Java prints them, undefined names in expressions pass, operators and comparisons follow Java's expression
 * language, and text is cut by UTF-16 units.
 *
 * <p>Values are Java objects: null is None; {@code Boolean}, {@code BigInteger}, {@code Double}, {@code String} and
 * {@code List} are Python's bool, int, float, str and list; the others have classes here.
 */
package ai.spattention.eval.jinja;
