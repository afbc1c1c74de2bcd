package ai.spattention.eval.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a template asks for, it ends soon and with one line; what is not supported is named. */
class BoundsTest {

    private static final Environment ENVIRONMENT = Environment.builder().build();

    private static String render(String template) {
        return ENVIRONMENT.compile(template).render(Map.of("a", "x".repeat(1000), "n", 3));
    }

    private static String refused(String template) {
        String message = assertTimeoutPreemptively(Duration.ofSeconds(20),
                () -> assertThrows(InvalidInputException.class, () -> render(template)).getMessage());
        assertEquals(1, message.lines().count(), message);
        return message;
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(x) %}{{ caller() }}{% call m(x) %}{{ m(x) }}{% endcall %}{% endmacro %}{% call m(1) %}{% endcall %}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% for i in range(10**12) %}{% endfor %}",
        "{% for i in range(10**12) %}{% for j in range(10**12) %}{{ j }}{% endfor %}{% endfor %}",
        "{{ range(10**12)|list }}",
        "{{ range(10**12)|sum }}",
        "{{ range(10**12)|join }}",
        "{{ 5.5 in range(10**12) }}",
        "{{ range(10**12)|map('string')|last }}",
        "{{ range(10**12)|select('gt', 10**13)|list }}",
        "{{ 'a' * 10**10 }}",
        "{{ ('a' * 10**7) ~ ('a' * 10**7) }}",
        "{{ [0] * 10**10 }}",
        "{{ (0,) * 10**10 }}",
        "{{ 10 ** (10 ** 10) }}",
        "{{ 2 ** (10**12) }}",
        "{{ (10**4400) }}",
        "{{ 10**19000 * 10**19000 }}",
        "{% set x = namespace(n=3) %}{% for i in range(100) %}{% set x.n = x.n * x.n %}{% endfor %}",
        "{% set x = namespace(s='a') %}{% for i in range(100) %}{% set x.s = x.s ~ x.s %}{% endfor %}",
        "{% set x = namespace(l=[1]) %}{% for i in range(100) %}{% set x.l = x.l + x.l %}{% endfor %}",
        "{% set x = namespace(l=[]) %}{% for i in range(100000) %}{% set x.l = [x.l] %}{% endfor %}{{ x.l }}",
        "{% set x = namespace(l=[], k=[]) %}{% for i in range(9999) %}{% set x.l = [x.l] %}{% set x.k = [x.k] %}{% endfor %}"
                + "{{ x.l == x.k }}",
        "{% set x = namespace(l=()) %}{% for i in range(99999) %}{% set x.l = (x.l,) %}{% endfor %}{{ {x.l: 1} }}",
        "{% set x = namespace(g=[1]) %}{% for i in range(99999) %}{% set x.g = x.g|map('string') %}{% endfor %}{{ x.g|list }}",
        "{% set l = [] %}{% set _ = l.append(l) %}{{ l }}",
        "{% set l = [] %}{% set _ = l.append(l) %}{{ l|tojson }}",
        "{% set l = [1] %}{% for i in l %}{% set _ = l.append(i) %}{% endfor %}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%.1000000000f' % 1 }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ a.center(10**10) }}",
        "{{ a|indent(10**9) }}",
        "{{ 'x'.zfill(10**9) }}",
        "{{ '\\t'.expandtabs(10**9) }}",
        "{{ [1]|batch(10**9, 0)|list }}",
        "{{ [1]|slice(10**9)|list }}",
        "{{ a|replace('', a * 100)|replace('', a * 100) }}",
        "{{ (a * 40)|regex_replace('(x+x+)+y', '') }}",
        "{{ (a * 400)|regex_replace('(x|y)*z', '') }}",
        "{% set b = a * 4000 %}{{ b in b ~ 'y' ~ b }}{{ (b ~ 'y') in b ~ b }}",
    })
    void endsWithOneLine(String template) {
        refused(template);
    }

    @ParameterizedTest
    @CsvSource({"(,)", "[,]", "-,''", "'not ',''", "{1:,}", "a|default(,)", "a[,]", "1+(,)", "'1 if 1 else ',''", "'1 ** ',''", "'1 + ',''",
        "'1 or ',''", "'1 ~ [',]"})
    void deepSourceIsRefused(String open, String close) {
        for (int depth : new int[] {300, 50_000}) {
            String message = refused("{{ " + open.repeat(depth) + "1" + close.repeat(depth) + " }}");
            assertTrue(message.contains("deep"), message);
        }
    }

    @ParameterizedTest
    @CsvSource({"{% if 1 %},''", "{{ a,|trim", "{{ a,.x", "{{ a,(1)"})
    void deepTagsAndChainsAreRefused(String begin, String more) {
        String message = refused(begin + (more.isEmpty() ? begin : more).repeat(50_000) + " }}");
        assertTrue(message.contains("deep"), message);
    }

    @Test
    void whatIsLongButFlatIsRead() {
        assertEquals("x".repeat(1000) + "1".repeat(5000), render("{{ a ~ " + "1 ~ ".repeat(4999) + "1 }}"));
        assertEquals("0".repeat(20_000), render("{% if 0 %}" + "{% elif 0 %}".repeat(999) + "{% endif %}" + "{{ 0 }}".repeat(20_000)));
        assertEquals("333", render("{% for i in range(3) %}{{ n }}{% endfor %}"));
    }

    @Test
    void aMacroMayCallItselfSome() {
        assertEquals("100", render("{% macro m(i) %}{% if i < 100 %}{{ m(i + 1) }}{% else %}{{ i }}{% endif %}{% endmacro %}{{ m(0) }}"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "{% include 'x' %}; 'include'", "{% import 'x' as y %}; 'import'", "{% from 'x' import y %}; 'from'", "{% extends 'x' %}; 'extends'",
        "{% block b %}{% endblock %}; 'block'", "{% autoescape true %}{% endautoescape %}; 'autoescape'", "{% do x %}; 'do'",
        "{% nope %}; 'nope'", "{{ n|random }}; 'random'", "{{ n|pprint }}; 'pprint'", "{{ a|wordwrap }}; 'wordwrap'",
        "{{ a|urlize }}; 'urlize'", "{{ a|xmlattr }}; 'xmlattr'", "{{ n|nope }}; 'nope'", "{{ n is nope }}; 'nope'", "{{ lipsum() }}; 'lipsum'",
        "{{ self }}; 'self'", "{{ a.encode() }}; 'encode'", "{{ a.__class__ }}; '__class__'", "{{ missing }}; 'missing'",
        "{{ missing.x }}; 'missing'", "{% if missing %}{% endif %}; 'missing'", "{{ missing is none or missing > 1 }}; 'missing'",
        "{{ n.x }}; 'x'", "{{ [1]|map('string') }}; list", "{{ a.upper }}; function", "{{ 2.5 ** 1.5 }}; 2.5 ** 1.5"})
    void namesWhatItHasNot(String template, String name) {
        String message = refused(template);
        assertTrue(message.contains(name), message);
    }

    @Test
    void noneAndNumbersOfRowsPrintAsInPython() {
        Map<String, Object> row = new HashMap<>();
        row.put("nothing", null);
        row.put("whole", 1.0);
        row.put("float", 0.1f);
        row.put("long", Long.MAX_VALUE);
        row.put("list", new ArrayList<>(Collections.singletonList(null)));
        assertEquals("None True True 1.0 0.10000000149011612 9223372036854775808 [None]", ENVIRONMENT.compile(
                "{{ nothing }} {{ nothing is defined }} {{ nothing is none }} {{ whole }} {{ float }} {{ long + 1 }} {{ list }}")
                .render(row));
    }

    @Test
    void theRowStaysAsItIs() {
        Map<String, Object> row = Map.of("l", List.of(1));
        JinjaTemplate template = ENVIRONMENT.compile("{% set _ = l.append(2) %}{{ l }}");
        assertEquals("[1, 2]", template.render(row));
        assertEquals("[1, 2]", template.render(row));
    }
}
