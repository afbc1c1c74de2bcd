package ai.spattention.train.info;

import ai.spattention.train.data.DataVerification;
import ai.spattention.train.data.Manifest;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.Split;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/** What prepared data is. */
final class DataInfo {

    private DataInfo() {}

    static ObjectNode of(Path folder, boolean verify) throws IOException {
        PreparedData data = PreparedData.open(folder);
        Manifest manifest = data.manifest();
        ObjectNode info = JsonNodeFactory.instance.objectNode().put("kind", "data").put("path", folder.toString());
        long tokens = 0;
        for (Split split : manifest.all()) {
            ObjectNode own = info.putObject(split.folder()).put("shards", manifest.shards(split).size())
                    .put("tokens", manifest.tokens(split)).put("documents", manifest.documents(split));
            manifest.textBytes(split).ifPresent(bytes -> own.put("text_bytes", bytes));
            tokens += manifest.tokens(split);
        }
        info.put("dtype", manifest.dtype().name().toLowerCase(Locale.ROOT));
        info.put("size_bytes", tokens * manifest.dtype().bytes());
        info.putObject("tokenizer").put("name", manifest.tokenizer().name()).put("vocabulary", manifest.tokenizer().vocabSize())
                .put("eos_id", manifest.tokenizer().eosId()).put("digest", manifest.tokenizer().digest());
        info.put("fingerprint", manifest.fingerprint());
        if (manifest.settings() != null) {
            ObjectNode settings = info.putObject("settings");
            manifest.settings().forEach(settings::put);
        }
        if (verify) {
            DataVerification.verify(data);
            info.put("verified", true);
        }
        return info;
    }
}
