package ai.spattention.train.report.chart;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathExpressionException;
import javax.xml.xpath.XPathFactory;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/** A page read back: that it can be read as XML at all says that nothing in it is left open or unescaped. */
public final class Html {

    private final Document document;
    private final String text;

    private Html(Document document, String text) {
        this.document = document;
        this.text = text;
    }

    public static Html read(Path file) throws IOException {
        return parse(Files.readString(file));
    }

    public static Html parse(String text) {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature("http://xml.org/sax/features/external-general-entities", false);
            var builder = factory.newDocumentBuilder();
            builder.setErrorHandler(null);
            return new Html(builder.parse(new InputSource(new StringReader(text))), text);
        } catch (SAXException | ParserConfigurationException | IOException e) {
            throw new AssertionError("the page is not well-formed: " + e.getMessage(), e);
        }
    }

    /** The text of all nodes that an XPath finds. */
    public List<String> find(String path) {
        try {
            NodeList nodes = (NodeList) XPathFactory.newInstance().newXPath().evaluate(path, document, XPathConstants.NODESET);
            List<String> found = new ArrayList<>();
            for (int i = 0; i < nodes.getLength(); i++) {
                found.add(nodes.item(i).getTextContent());
            }
            return found;
        } catch (XPathExpressionException e) {
            throw new IllegalArgumentException(path, e);
        }
    }

    /** The paths of a chart's lines, by the chart's title. */
    public List<String> lines(String chart) {
        return find("//figure[figcaption='" + chart + "']/svg/path[contains(@class,'line')]/@d");
    }

    /** The value of a fact by its name, in cards or tables; for several runs one after the other. */
    public List<String> fact(String name) {
        return find("//dt[.='" + name + "']/../dd | //tr[th[1]='" + name + "']/td");
    }

    public String text() {
        return text;
    }
}
