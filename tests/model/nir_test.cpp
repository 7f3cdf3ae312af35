// The reader: both generations of files, every way a file can be wrong, damage.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>

#include "compiler/base/rng.hpp"
#include "compiler/model/elaborate.hpp"
#include "compiler/model/nir.hpp"
#include "compiler/model/nir_bytes.hpp"
#include "tests/model/nir_file.hpp"
#include "tests/model/npz.hpp"

namespace spikeloom::test {
namespace {

using testing::HasSubstr;
using Number = NirFile::Number;
using Storage = NirFile::Storage;

/// A file that is gone when the test is.
struct Temporary {
  explicit Temporary(const std::string& name) : path(temporary(name)) {}
  ~Temporary() { std::remove(path.c_str()); }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  std::string path;
};

/// The message that the small file gets after `spoil`.
std::string message(const std::string& name, const std::function<void(NirFile&)>& spoil) {
  const Temporary temp(name);
  NirFile file(temp.path, Storage::kPlain);
  write_small(file);
  spoil(file);
  file.close();
  testing::internal::CaptureStderr();
  std::string text = "accepted";
  try {
    (void)load_network(temp.path, {}, nullptr);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    text = error.what();
    EXPECT_THAT(text, testing::StartsWith(temp.path + ": "));
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "HDF5 printed";
  return text;
}

TEST(NirReader, ReadsBothGenerationsToTheSameNetwork) {
  std::vector<std::string> texts;
  for (const Storage storage : {Storage::kPlain, Storage::kCompressed}) {
    const Temporary temp("generation");
    NirFile file(temp.path, storage);
    write_small(file);
    file.close();
    Network network = load_network(temp.path, {}, nullptr);
    network.name = "same";
    texts.push_back(describe(network));
    EXPECT_EQ(network.projections.at(0).weight, (std::vector<double>{1, 3, 5, 2, 4, 6}));
    EXPECT_EQ(network.populations.at(0).bias, (std::vector<double>{0.5, 0, -0.5}));
    EXPECT_EQ(network.populations.at(0).theta, (std::vector<double>{1, 2, 3}));
    EXPECT_NEAR(network.dt, 1e-3, 1e-15);
  }
  EXPECT_EQ(texts[0], texts[1]);
}

TEST(NirReader, ReadsAConvolutionWhosePaddingIsAText) {
  for (const Storage storage : {Storage::kPlain, Storage::kCompressed}) {
    const Temporary temp("convolution");
    NirFile file(temp.path, storage);
    file.text("node/type", "NIRGraph");
    file.node("in", "Input");
    file.field("in", "shape", {3}, {1, 4, 5}, NirFile::Number::kI8);
    file.node("conv", "Conv2d");
    file.field("conv", "weight", {1, 1, 3, 1}, {1, 2, 3});
    file.field("conv", "bias", {1}, {0});
    file.field("conv", "input_shape", {2}, {4, 5}, NirFile::Number::kI8);
    file.field("conv", "stride", {}, {1}, NirFile::Number::kI8);
    file.field("conv", "dilation", {2}, {1, 1}, NirFile::Number::kI8);
    file.field("conv", "groups", {}, {1}, NirFile::Number::kI8);
    file.text("node/nodes/conv/padding", "same");
    file.node("pool", "AvgPool2d");
    file.field("pool", "kernel_size", {2}, {2, 1}, NirFile::Number::kI8);
    file.field("pool", "stride", {2}, {2, 1}, NirFile::Number::kI8);
    file.field("pool", "padding", {2}, {0, 0}, NirFile::Number::kI8);
    file.node("out", "Output");
    file.field("out", "shape", {3}, {1, 2, 5}, NirFile::Number::kI8);
    file.edges({{"in", "conv"}, {"conv", "pool"}, {"pool", "out"}});
    file.close();
    const Network network = load_network(temp.path, {}, nullptr);
    EXPECT_EQ(network.populations.at(0).shape, (Shape{1, 2, 5}));
    EXPECT_EQ(network.projections.at(0).name, "conv+pool");
    // Row 1 reaches rows 0, 1 and 2 by the taps 3, 2 and 1; two rows are averaged.
    const Projection& both = network.projections.at(0);
    std::vector<double> row;
    both.form.row(5 * 1).each([&](std::uint32_t, std::size_t weight) { row.push_back(both.weight[weight]); });
    EXPECT_EQ(row, (std::vector<double>{2.5, 0.5}));
  }
}

TEST(NirReader, NamesWhatAWindowLacks) {
  const std::string text = message("window", [](NirFile& file) {
    file.node("pool", "SumPool2d");
    file.node("conv", "Conv1d");
    file.node("wait", "Delay");
  });
  EXPECT_THAT(text, HasSubstr("node 'pool' (SumPool2d): field 'kernel_size' is missing"));
  EXPECT_THAT(text, HasSubstr("node 'pool' (SumPool2d): field 'stride' is missing"));
  EXPECT_THAT(text, HasSubstr("node 'conv' (Conv1d): field 'weight' is missing"));
  EXPECT_THAT(text, HasSubstr("node 'wait' (Delay): field 'delay' is missing"));
}

TEST(NirReader, KeepsTypesShapesVersionAndMetadata) {
  const Temporary temp("keeps");
  NirFile file(temp.path, Storage::kCompressed);
  write_small(file);
  file.numbers("node/metadata/dt", {}, {0.001}, Number::kF8);
  file.text("node/metadata/author", "someone");
  file.close();
  const NirGraph graph = read_nir(temp.path);
  EXPECT_EQ(graph.version, "1.0.7");
  EXPECT_EQ(graph.nodes.at("fc").type, nir_type("Affine"));
  EXPECT_EQ(graph.nodes.at("fc").field("weight")->shape, (Shape{3, 2}));
  EXPECT_EQ(graph.edges.size(), 3U);
  EXPECT_EQ(std::get<std::string>(graph.metadata.at("author")), "someone");
  EXPECT_EQ(std::get<NirArray>(graph.metadata.at("dt")).values, std::vector<double>{0.001});
  const std::string text = describe(graph);
  EXPECT_THAT(text, HasSubstr("node fc Affine bias=0.5,0,-0.5 weight[3,2]\n"));
  EXPECT_THAT(text, HasSubstr("edge fc -> lif\n"));
  EXPECT_THAT(text, HasSubstr("metadata dt 0.001\n"));
}

TEST(NirReader, DoesWithoutVersionResetAndInputWeight) {
  EXPECT_EQ(message("old",
                    [](NirFile& file) {
                      file.remove("version");
                      file.remove("node/nodes/lif/v_reset");
                    }),
            "accepted");
}

TEST(NirReader, TakesInfiniteTimeConstantsAndGainsAndNothingElseInfinite) {
  const double endless = std::numeric_limits<double>::infinity();
  EXPECT_EQ(message("endless",
                    [&](NirFile& file) {
                      file.field("lif", "tau", {3}, {endless, endless, endless});
                      file.field("lif", "r", {3}, {endless, endless, endless});
                    }),
            "accepted");
  for (const double wrong : {endless, -endless}) {
    EXPECT_THAT(message("endless2",
                        [&](NirFile& file) {
                          file.field("lif", "v_threshold", {3}, {1, wrong, 1});
                        }),
                HasSubstr("holds numbers that are not finite"));
  }
  EXPECT_THAT(message("endless3",
                      [&](NirFile& file) {
                        file.field("lif", "tau", {3}, {1, -endless, 1});
                      }),
              HasSubstr("holds numbers that are not finite"));
}

TEST(NirReader, TakesTextsOfFixedLengthAndIntegersForParameters) {
  EXPECT_EQ(message("fixed",
                    [](NirFile& file) {
                      file.fixed_text("node/nodes/lif/type", "LIF");
                      file.field("lif", "v_threshold", {3}, {1, 2, 3}, Number::kI8);
                    }),
            "accepted");
}

struct Spoiled {
  std::string name;
  std::function<void(NirFile&)> spoil;
  std::vector<std::string> expected;
};

void PrintTo(const Spoiled& spoiled, std::ostream* out) { *out << spoiled.name; }

class NirMalformed : public testing::TestWithParam<Spoiled> {};

TEST_P(NirMalformed, IsRefusedByNodeName) {
  const std::string text = message(GetParam().name, GetParam().spoil);
  for (const std::string& expected : GetParam().expected) EXPECT_THAT(text, HasSubstr(expected));
}

INSTANTIATE_TEST_SUITE_P(
    Files, NirMalformed,
    testing::Values(
        Spoiled{"no_node", [](NirFile& f) { f.remove("node"); }, {"no group '/node'"}},
        Spoiled{
            "top_is_lif", [](NirFile& f) { f.text("node/type", "LIF"); }, {"top node", "'tau' is missing"}},
        Spoiled{"top_is_flatten",
                [](NirFile& f) {
                  f.remove("node/nodes");
                  f.remove("node/edges");
                  f.text("node/type", "Flatten");
                },
                {"the top node has type 'Flatten', expected 'NIRGraph'"}},
        Spoiled{"no_nodes",
                [](NirFile& f) { f.remove("node/nodes"); },
                {"the graph has no readable group 'nodes'"}},
        Spoiled{"no_edges", [](NirFile& f) { f.remove("node/edges"); }, {"the graph has no 'edges'"}},
        Spoiled{"edges_shape",
                [](NirFile& f) {
                  f.texts("node/edges", {3}, {"a", "b", "c"});
                },
                {"'edges' is not a list of pairs of texts, its shape is [3]"}},
        Spoiled{"edges_numbers",
                [](NirFile& f) {
                  f.numbers("node/edges", {1, 2}, {1, 2});
                },
                {"'edges' is not a list of pairs"}},
        Spoiled{
            "no_type", [](NirFile& f) { f.remove("node/nodes/lif/type"); }, {"node 'lif': has no 'type'"}},
        Spoiled{"type_number",
                [](NirFile& f) { f.numbers("node/nodes/lif/type", {}, {3}); },
                {"node 'lif': its 'type' is not a text"}},
        Spoiled{"unknown_type",
                [](NirFile& f) { f.node("lif", "Izhikevich"); },
                {"node 'lif': its type 'Izhikevich' is none of NIR's"}},
        Spoiled{"empty_type",
                [](NirFile& f) { f.text("node/nodes/lif/type", ""); },
                {"node 'lif': its type '' is none of NIR's"}},
        Spoiled{"control_characters", [](NirFile& f) { f.node("lif", "a\x1b[31m"); }, {"'a\\x1b[31m'"}},
        Spoiled{"missing_two",
                [](NirFile& f) {
                  f.remove("node/nodes/lif/tau");
                  f.remove("node/nodes/fc/weight");
                },
                {"2 problems", "node 'lif' (LIF): field 'tau' is missing",
                 "node 'fc' (Affine): field 'weight' is missing"}},
        Spoiled{"missing_bias",
                [](NirFile& f) { f.remove("node/nodes/fc/bias"); },
                {"node 'fc' (Affine): field 'bias' is missing"}},
        Spoiled{"field_text",
                [](NirFile& f) { f.text("node/nodes/lif/tau", "soon"); },
                {"node 'lif': field 'tau' is a text, expected numbers"}},
        Spoiled{"field_group",
                [](NirFile& f) { f.group("node/nodes/lif/tau"); },
                {"node 'lif' (LIF): 'tau' is not a dataset"}},
        Spoiled{"not_finite",
                [](NirFile& f) {
                  f.field("lif", "r", {3}, {1, std::nan(""), 1});
                },
                {"node 'lif': field 'r' holds numbers that are not finite"}},
        Spoiled{"empty_field",
                [](NirFile& f) { f.field("lif", "r", {0}, {}); },
                {"node 'lif' (LIF): 'r' is empty"}},
        Spoiled{"huge",
                [](NirFile& f) {
                  f.unwritten("node/nodes/fc/weight", {1'000'000, 1'000'000});
                },
                {"node 'fc' (Affine): 'weight' claims the shape [1000000,1000000]"}},
        Spoiled{"unwritten",
                [](NirFile& f) {
                  f.unwritten("node/nodes/fc/weight", {3, 2});
                },
                {"node 'fc' (Affine): 'weight' has 0 of its 6 chunks"}},
        Spoiled{"soft_link",
                [](NirFile& f) { f.link("node/nodes/lif/r", "/nowhere"); },
                {"node 'lif' (LIF): 'r' cannot be opened"}},
        Spoiled{"external_link",
                [](NirFile& f) { f.external_link("node/nodes/lif/r"); },
                {"node 'lif' (LIF): 'r' cannot be opened"}},
        Spoiled{"node_is_dataset",
                [](NirFile& f) { f.numbers("node/nodes/odd", {1}, {1}); },
                {"node 'odd': is not a readable group"}},
        Spoiled{"contains_itself",
                [](NirFile& f) { f.hard_link("node/nodes/again", "node"); },
                {"graphs are nested more than 16 deep"}},
        Spoiled{"negative_shape",
                [](NirFile& f) { f.field("input", "shape", {1}, {-2}, Number::kI8); },
                {"node 'input' (Input): field 'shape' holds no shape"}},
        Spoiled{"huge_shape",
                [](NirFile& f) {
                  f.field("input", "shape", {3}, {100000, 100000, 2}, Number::kI8);
                },
                {"node 'input' (Input): field 'shape' claims more than 2^24"}},
        Spoiled{"no_input",
                [](NirFile& f) {
                  f.remove("node/nodes/input");
                  f.edges({{"fc", "lif"}, {"lif", "output"}});
                },
                {"the graph has no Input node"}},
        Spoiled{"no_output",
                [](NirFile& f) {
                  f.remove("node/nodes/output");
                  f.edges({{"input", "fc"}, {"fc", "lif"}});
                },
                {"the graph has no Output node"}},
        Spoiled{"empty_edges",
                [](NirFile& f) { f.numbers("node/edges", {0}, {}); },
                {"node 'output' (Output): no edge leads to it"}}),
    [](const testing::TestParamInfo<Spoiled>& spoiled) { return spoiled.param.name; });

TEST(NirReader, SaysWhatIsNoNirFileAtAll) {
  const auto refusal = [](const std::string& path) {
    try {
      (void)read_nir(path);
      return std::string("accepted");
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  const Temporary temp("odd");
  EXPECT_EQ(refusal(temp.path), temp.path + ": cannot be opened; is the path right?");
  std::ofstream(temp.path).close();
  EXPECT_THAT(refusal(temp.path), HasSubstr("is empty, expected a NIR file (HDF5)"));
  std::ofstream(temp.path) << "just a text";
  EXPECT_THAT(refusal(temp.path), HasSubstr("not a readable HDF5 file"));
  EXPECT_THAT(refusal(testing::TempDir()), HasSubstr("is a folder, expected a NIR file"));
}

std::vector<char> bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Reads the bytes as a file: any answer will do, dying will not. True when accepted.
bool survives(const std::vector<char>& bytes, const std::string& path) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  try {
    NirLimits limits;
    limits.seconds = 1;
    Problems problems;
    const NirGraph graph = read_nir(path, problems, limits);
    (void)elaborate(graph, {}, nullptr, problems);
    return problems.empty();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return false;
  }
}

std::vector<char> small_file(Storage storage) {
  const Temporary temp("seed");
  NirFile file(temp.path, storage);
  write_small(file);
  file.close();
  return bytes_of(temp.path);
}

TEST(NirFuzz, NoTruncationIsAcceptedOrFatal) {
  const Temporary temp("cut");
  for (const Storage storage : {Storage::kPlain, Storage::kCompressed}) {
    const std::vector<char> whole = small_file(storage);
    ASSERT_TRUE(survives(whole, temp.path));
    for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 100) {
      EXPECT_FALSE(survives({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)}, temp.path))
          << length;
    }
  }
}

/// SPIKELOOM_FUZZ=N runs N cases of each file; the seed replays them.
/// What a reading process sends whose memory the library has damaged was read past its end.
TEST(GraphParser, TakesAnArrayOnlyWithAsManyValuesAsItsShapeHolds) {
  const auto is_taken = [](const NirArray& array) {
    GraphWriter writer;
    writer.array(array);
    try {
      const NirArray again = GraphParser(writer.bytes()).array();
      return again.shape == array.shape && again.values == array.values;
    } catch (const std::out_of_range&) {
      return false;
    }
  };
  const std::vector<double> none, one{1}, six{1, 2, 3, 4, 5, 6};
  EXPECT_TRUE(is_taken({{}, one}));
  EXPECT_TRUE(is_taken({{2, 3}, six}));
  EXPECT_TRUE(is_taken({{5, 0}, none}));
  EXPECT_TRUE(is_taken({{0}, none}));
  EXPECT_FALSE(is_taken({{}, none}));
  EXPECT_FALSE(is_taken({{}, six}));
  EXPECT_FALSE(is_taken({{5}, none}));
  EXPECT_FALSE(is_taken({{2, 2}, six}));
  EXPECT_FALSE(is_taken({{3, 0}, six}));
  EXPECT_FALSE(is_taken({{std::size_t{1} << 63U, 2}, none}));
}

TEST(NirFuzz, NoDamageIsFatal) {
  const Temporary temp("damage");
  const char* given = std::getenv("SPIKELOOM_FUZZ");
  const std::size_t cases = given == nullptr ? 100 : std::stoul(given);
  std::vector<std::vector<char>> files{small_file(Storage::kPlain), small_file(Storage::kCompressed)};
  if (has_data("nir-lif")) files.push_back(bytes_of(data_path("nir-lif/lif_norse.nir")));
  Rng rng(20);
  std::size_t refused = 0;
  for (const std::vector<char>& whole : files) {
    for (std::size_t i = 0; i < cases; ++i) {
      std::vector<char> bytes = whole;
      for (std::uint64_t flips = 1 + rng.below(8); flips > 0; --flips) {
        char& byte = bytes[rng.below(bytes.size())];
        byte = rng.chance(0.5) ? static_cast<char>(byte ^ (1 << rng.below(8)))
                               : static_cast<char>(rng.below(256));
      }
      SCOPED_TRACE("case " + std::to_string(i));
      refused += survives(bytes, temp.path) ? 0U : 1U;
    }
  }
  EXPECT_GT(refused, 0U);
}

}  // namespace
}  // namespace spikeloom::test
