// Outputs: whole or not at all, through links, never in place of a device or a pipe.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "compiler/base/error.hpp"
#include "compiler/base/file.hpp"
#include "compiler/base/text.hpp"
#include "tests/base/scratch_folder.hpp"

namespace spikeloom {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class WriteFile : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path at(const std::string& name) const { return folder_.path() / name; }
  static void write(const fs::path& path, const std::string& text) {
    write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }
  static std::string read(const fs::path& path) {
    const std::vector<std::uint8_t> bytes = read_file(path);
    return {bytes.begin(), bytes.end()};
  }
  void write_new(const std::string& name) const { std::ofstream(at(name)) << "partly"; }
  /// What both say of a path that cannot be written; nothing may be left in the folder by the attempt.
  [[nodiscard]] std::string refusal(const fs::path& path) const {
    std::string said;
    const auto before = count();
    try {
      expect_writable(path);
      ADD_FAILURE() << path << " passes the check";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      said = error.what();
    }
    EXPECT_THROW(write(path, "text"), Error);
    EXPECT_EQ(count(), before);
    return said;
  }
  [[nodiscard]] std::ptrdiff_t count() const {
    return std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator());
  }

  test::ScratchFolder folder_;
};

TEST_F(WriteFile, ReplacesAFileAndKeepsItsPermissions) {
  write(at("a"), "first");
  fs::permissions(at("a"), fs::perms(0640));
  write(at("a"), "second");
  EXPECT_EQ(read(at("a")), "second");
  EXPECT_EQ(fs::status(at("a")).permissions(), fs::perms(0640));
  EXPECT_EQ(count(), 1);
}

TEST_F(WriteFile, GivesANewFileThePermissionsOfAnyOther) {
  const ::mode_t mask = ::umask(027);
  write(at("a"), "text");
  ::umask(mask);
  EXPECT_EQ(fs::status(at("a")).permissions(), fs::perms(0640));
}

TEST_F(WriteFile, GoesThroughLinksThatLeadSomewhereOrNowhereYet) {
  fs::create_directory(at("far"));
  write(at("far/real"), "old");
  fs::create_symlink("far/real", at("link"));
  fs::create_symlink("link", at("link_to_link"));
  fs::create_symlink("far/new", at("dangling"));
  write(at("link_to_link"), "new");
  write(at("dangling"), "text");
  EXPECT_TRUE(fs::is_symlink(at("link")) && fs::is_symlink(at("link_to_link")) &&
              fs::is_symlink(at("dangling")));
  EXPECT_EQ(read(at("far/real")), "new");
  EXPECT_EQ(read(at("far/new")), "text");
}

TEST_F(WriteFile, RefusesWhatCannotBeWritten) {
  fs::create_symlink("circle", at("circle"));
  fs::create_symlink("no/such/folder/a", at("nowhere"));
  EXPECT_THAT(refusal(at("circle")), HasSubstr("circle"));
  EXPECT_THAT(refusal(at("nowhere")), HasSubstr("there is no folder"));
  EXPECT_THAT(refusal(at("none/a")), HasSubstr("there is no folder"));
  EXPECT_THAT(refusal(folder_.path()), HasSubstr("found a folder"));
}

TEST_F(WriteFile, WritesIntoAPipeThatSomebodyReads) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  EXPECT_NO_THROW(expect_writable(at("pipe")));
  EXPECT_THROW(write(at("pipe"), "text"), Error) << "nobody reads yet";
  const int reader = ::open(at("pipe").c_str(), O_RDONLY | O_NONBLOCK);
  write(at("pipe"), "text");
  std::string got(8, ' ');
  got.resize(std::size_t(std::max<ssize_t>(0, ::read(reader, got.data(), got.size()))));
  ::close(reader);
  EXPECT_EQ(got, "text");
  EXPECT_TRUE(fs::is_fifo(at("pipe")));
}

/// Somebody killed a process while it wrote: what it left goes with the next writing of the same file.
TEST_F(WriteFile, RemovesWhatDeadProcessesLeftAndNothingElse) {
  for (const char* name :
       {"a.spikeloom-AbCd12", "a.spikeloom-living", "a.backup", "b.spikeloom-AbCd12", "a.spikeloom-AbCd123"})
    write_new(name);
  const int living = ::open(at("a.spikeloom-living").c_str(), O_RDONLY);
  ASSERT_EQ(::flock(living, LOCK_EX), 0);  // as the process has that writes it
  write(at("a"), "text");
  EXPECT_FALSE(fs::exists(at("a.spikeloom-AbCd12")));
  for (const char* name : {"a.spikeloom-living", "a.backup", "b.spikeloom-AbCd12", "a.spikeloom-AbCd123"})
    EXPECT_TRUE(fs::exists(at(name))) << name;
  ::close(living);
  write(at("a"), "text");
  EXPECT_FALSE(fs::exists(at("a.spikeloom-living")));
  EXPECT_EQ(read(at("a")), "text");
}

TEST_F(WriteFile, SaysThatADeviceIsFull) {
  fs::create_symlink("/dev/full", at("full"));
  EXPECT_THROW(write(at("full"), "text"), Error);
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(Text, OneOfAThingIsSingular) {
  EXPECT_EQ(counted(1, "sample"), "1 sample");
  EXPECT_EQ(counted(0, "sample"), "0 samples");
  EXPECT_EQ(counted(2, "sample"), "2 samples");
}

TEST(Printable, KeepsUtf8AndEscapesTheRest) {
  EXPECT_EQ(printable("a\nb \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "a\nb \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
  EXPECT_EQ(printable("\x1b[31m\x7f\t"), "\\x1b[31m\\x7f\\x09");
  EXPECT_EQ(printable("\xff \xc3 \xc0\x80 \xed\xa0\x80 \xf4\x90\x80\x80"),
            "\\xff \\xc3 \\xc0\\x80 \\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
}

}  // namespace
}  // namespace spikeloom
