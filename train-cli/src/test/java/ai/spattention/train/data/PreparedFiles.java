package ai.spattention.train.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** What a prepared folder holds, for tests. */
final class PreparedFiles {

    private PreparedFiles() {}

    /** Every file's name and bytes, as text that compares. */
    static Map<String, String> contents(Path folder) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                contents.put(folder.relativize(file).toString(),
                        new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
            }
        }
        return contents;
    }

    /** The documents of a split of bytes, as the shards' tables cut them. */
    static List<String> documents(Path folder, Split split) throws IOException {
        List<String> documents = new ArrayList<>();
        for (Manifest.Shard shard : PreparedData.open(folder).manifest().shards(split)) {
            long[] ids = PreparedFolders.ids(folder.resolve(shard.file()), 2);
            for (String row : rows(folder.resolve(shard.file().replace(".npy", ".csv.gz")))) {
                String[] columns = row.split(",");
                StringBuilder text = new StringBuilder();
                for (long id : Arrays.copyOfRange(ids, Integer.parseInt(columns[0]), Integer.parseInt(columns[1]))) {
                    text.append(id == 256 ? '$' : (char) id);
                }
                documents.add(text.toString());
            }
        }
        return documents;
    }

    static List<String> rows(Path table) throws IOException {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(table)), StandardCharsets.UTF_8))) {
            return reader.lines().toList();
        }
    }
}
