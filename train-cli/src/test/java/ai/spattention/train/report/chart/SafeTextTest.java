package ai.spattention.train.report.chart;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.UniqueElements;
import org.junit.jupiter.api.Test;

class SafeTextTest {

    @Property
    void anyTextStaysOneTextNode(@ForAll String text) {
        Html page = Html.parse(Page.render(text, List.of(Svg.of("b").attr("class", text).withText(text))));
        assertEquals(1, page.find("//b").size());
        assertEquals(0, page.find("//b/*").size());
        assertEquals(page.find("//b").get(0), page.find("//title").get(0));
    }

    @Property
    void plainTextIsLeftAlone(@ForAll @UniqueElements List<@net.jqwik.api.constraints.AlphaChars Character> letters) {
        String text = letters.toString();
        assertEquals(text, SafeText.escape(text));
    }

    @Test
    void whatXmlCannotHoldIsReplaced() {
        assertEquals("a\ufffd\ufffd\ufffd\ufffdb\t\n\ud83d\ude00", SafeText.escape("a\u0000\u001b\ud800\uffffb\t\n\ud83d\ude00"));
        assertEquals("&lt;a href=&quot;x&quot;&gt;&#x27;&amp;", SafeText.escape("<a href=\"x\">'&"));
    }
}
