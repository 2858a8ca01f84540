#include "platform/app/command_line.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace ringwire::platform {
namespace {

// The whole program in a child process: with this input on stdin, and stdout together with stderr,
// which EXPECT_EXIT looks at.
[[noreturn]] void RunProgram(std::vector<std::string> arguments,
                             const std::string& input_path = "/dev/null") {
  const int input = ::open(input_path.c_str(), O_RDONLY | O_CLOEXEC);
  ::dup2(input, STDIN_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  std::vector<char*> argv;
  std::string program = "ringwire";
  argv.push_back(program.data());
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::exit(RunCommandLine(static_cast<int>(argv.size()) - 1, argv.data()));
}

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    std::string pattern = testing::TempDir() + "cli.XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~CommandLineTest() override {
    for (const std::string& path : files_) ::unlink(path.c_str());
    ::rmdir(directory_.c_str());
  }
  std::string Write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    std::string path = directory_ + "/" + name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    files_.push_back(path);
    return path;
  }

  std::string directory_;
  std::vector<std::string> files_;
};

constexpr char kKeys[] =
    "[Interface]\n"
    "PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n"
    "ListenPort = 51820\n"
    "Address = 10.0.0.1/24\n"
    "[Peer]\n"
    "PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
    "AllowedIPs = 10.0.0.2/32\n";

TEST_F(CommandLineTest, HelpAndVersionAreEverywhereAndSucceed) {
  EXPECT_EXIT(RunProgram({"--version"}), testing::ExitedWithCode(0), "ringwire [0-9]+\\.");
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                    {"run", "--help"},
                                                    {"show", "--help"},
                                                    {"check", "--help"},
                                                    {"strip", "--help"},
                                                    {"forget", "--help"},
                                                    {"genkey", "--help"},
                                                    {"pubkey", "--help"},
                                                    {"genpsk", "--help"}}) {
    EXPECT_EXIT(RunProgram(arguments), testing::ExitedWithCode(0), "Usage: ringwire");
  }
}

TEST_F(CommandLineTest, HelpAsAWordIsHelp) {
  EXPECT_EXIT(RunProgram({"help"}), testing::ExitedWithCode(0), "Usage: ringwire");
}

TEST_F(CommandLineTest, WordsThatWereMeantAsCommandsMakeNoInterface) {
  EXPECT_EXIT(RunProgram({"-f", "attach"}), testing::ExitedWithCode(2),
              "unknown command `attach` .`ringwire -- attach` creates an interface");
  EXPECT_EXIT(RunProgram({"-f", "stop"}), testing::ExitedWithCode(2),
              "did you mean `ringwire down IFNAME`.*ringwire -- stop");
  EXPECT_EXIT(RunProgram({"-f", "reolad"}), testing::ExitedWithCode(2),
              "did you mean `ringwire reload`");
  EXPECT_EXIT(RunProgram({"-f", "office.conf"}), testing::ExitedWithCode(2),
              "did you mean `ringwire up office.conf`");
}

TEST_F(CommandLineTest, AfterTwoDashesEveryNameIsAnInterface) {
  // An inherited descriptor that is no number ends it before anything is made.
  ::setenv("WG_TUN_FD", "none", 1);
  for (const char* const name : {"help", "doctor", "run", "status", "reolad"}) {
    EXPECT_EXIT(RunProgram({"-f", "--", name}), testing::ExitedWithCode(1), "WG_TUN_FD");
  }
  ::unsetenv("WG_TUN_FD");
}

TEST_F(CommandLineTest, ForWgQuickEveryNameIsAnInterface) {
  ::setenv("WG_TUN_FD", "none", 1);
  ::setenv("WG_QUICK_USERSPACE_IMPLEMENTATION", "ringwire", 1);
  EXPECT_EXIT(RunProgram({"-f", "stop"}), testing::ExitedWithCode(1), "WG_TUN_FD");
  ::unsetenv("WG_QUICK_USERSPACE_IMPLEMENTATION");
  ::unsetenv("WG_TUN_FD");
}

TEST_F(CommandLineTest, UsageErrorsExitWithTwo) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                    {"--no-such-flag"},
                                                    {"run"},
                                                    {"check"},
                                                    {"forget", "wg0"},
                                                    {"wg0", "wg1"},
                                                    {"--workers=0", "wg0"},
                                                    {"--workers=257", "wg0"},
                                                    {"--workers=two", "wg0"},
                                                    {"--io=uring", "wg0"},
                                                    {"--busy-poll=yes", "wg0"},
                                                    {"--warm-restart=auto", "wg0"},
                                                    {"--offload=-usb", "wg0"},
                                                    {"--offload=uso", "wg0"},
                                                    {"--cipher=aes-256-gcm", "wg0"},
                                                    {"--aead=openssl", "wg0"},
                                                    {"--pin=maybe", "wg0"},
                                                    {"--log-level=loud", "wg0"},
                                                    {"--io=epoll", "show"},
                                                    {"genkey", "extra"}}) {
    EXPECT_EXIT(RunProgram(arguments), testing::ExitedWithCode(2),
                "ringwire: .*see ringwire --help");
  }
}

TEST_F(CommandLineTest, RefusesInvalidInterfaceNames) {
  for (const char* const name : {"a/b", "sixteen-letters0", "..", "wg 0", "\xc3\xa4"}) {
    EXPECT_EXIT(RunProgram({"-f", name}), testing::ExitedWithCode(1), "is no interface name");
  }
  EXPECT_EXIT(RunProgram({"show", "a/b"}), testing::ExitedWithCode(1), "is no interface name");
}

TEST_F(CommandLineTest, ShowSaysThatNobodyServesTheInterface) {
  EXPECT_EXIT(RunProgram({"show", "no-such-if"}), testing::ExitedWithCode(1),
              "ringwire: cannot ask no-such-if: no ringwire serves that interface");
}

TEST_F(CommandLineTest, ForgetRefusesWhatIsNoKey) {
  EXPECT_EXIT(RunProgram({"forget", "wg0", "short"}), testing::ExitedWithCode(1),
              "not a public key");
}

TEST_F(CommandLineTest, PubkeyDerivesTheKeyThatWgDerives) {
  const std::string key = Write("key", "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n");
  EXPECT_EXIT(RunProgram({"pubkey"}, key), testing::ExitedWithCode(0),
              "^HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=\n$");
}

TEST_F(CommandLineTest, PubkeyRefusesWhatIsNoKey) {
  for (const char* const text :
       {"", "short\n", "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=x\n"}) {
    EXPECT_EXIT(RunProgram({"pubkey"}, Write("key", text)), testing::ExitedWithCode(1),
                "not a key");
  }
}

TEST_F(CommandLineTest, GeneratesKeys) {
  EXPECT_EXIT(RunProgram({"genkey"}), testing::ExitedWithCode(0), "[A-Za-z0-9+/]{43}=\n");
  EXPECT_EXIT(RunProgram({"genpsk"}), testing::ExitedWithCode(0), "[A-Za-z0-9+/]{43}=\n");
}

TEST_F(CommandLineTest, CheckPrintsEveryErrorWithItsPlace) {
  const std::string path = Write("wg0.conf", "[Interface]\nPrivateKey = short\nNoSuchKey = 1\n");
  EXPECT_EXIT(RunProgram({"check", path}), testing::ExitedWithCode(1),
              "wg0.conf:2:[0-9]+: .*\n.*wg0.conf:3:[0-9]+: ");
}

TEST_F(CommandLineTest, CheckAcceptsAGoodFileAndWarnsOfItsMode) {
  EXPECT_EXIT(RunProgram({"check", Write("wg0.conf", kKeys)}), testing::ExitedWithCode(0),
              "^[^\n]*wg0.conf: ok\n$");
  EXPECT_EXIT(RunProgram({"check", Write("wg1.conf", kKeys, 0644)}), testing::ExitedWithCode(0),
              "warning: .*wg1.conf holds keys and is readable by everyone");
}

TEST_F(CommandLineTest, CheckNamesTheFilesItLookedFor) {
  EXPECT_EXIT(RunProgram({"check", "no-such-name"}), testing::ExitedWithCode(1),
              "ringwire: .*/etc/ringwire/no-such-name.conf nor /etc/wireguard/no-such-name.conf");
  EXPECT_EXIT(RunProgram({"check", "/no/such.conf"}), testing::ExitedWithCode(1),
              "ringwire: read /no/such.conf: No such file");
}

TEST_F(CommandLineTest, StripLeavesOutWhatWgDoesNotTake) {
  const std::string path = Write("wg0.conf", kKeys);
  EXPECT_EXIT(RunProgram({"strip", path}), testing::ExitedWithCode(0),
              "PrivateKey = yAnz5TF[^A]*\\[Peer\\]");
}

TEST_F(CommandLineTest, StripReadsTheKeyFromItsFile) {
  const std::string key = Write("key", "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n");
  const std::string good = Write("wg0.conf", "[Interface]\nPrivateKeyFile = " + key + "\n");
  EXPECT_EXIT(RunProgram({"strip", good}), testing::ExitedWithCode(0), "PrivateKey = yAnz5TF");
  const std::string missing = Write("wg1.conf", "[Interface]\nPrivateKeyFile = /no/such/key\n");
  EXPECT_EXIT(RunProgram({"strip", missing}), testing::ExitedWithCode(1), "read /no/such/key");
}

TEST_F(CommandLineTest, AnEmptyValueDoesNotTakeTheNextWord) {
  for (const std::string flag : {"--offload=", "--aead=", "--busy-poll="}) {
    EXPECT_EXIT(RunProgram({"run", flag, Write("wg0.conf", kKeys)}), testing::ExitedWithCode(2),
                flag + " has no value");
    EXPECT_EXIT(RunProgram({flag, "wg0"}), testing::ExitedWithCode(2), flag + " has no value");
  }
}

TEST_F(CommandLineTest, AMissingFileSaysWhatANameWouldMean) {
  EXPECT_EXIT(RunProgram({"run", "missing.conf"}), testing::ExitedWithCode(1),
              "read missing.conf: No such file or directory .*NAME alone means /etc/ringwire/");
  EXPECT_EXIT(RunProgram({"check", "no-such-name"}), testing::ExitedWithCode(1),
              "neither /etc/ringwire/no-such-name.conf nor /etc/wireguard/no-such-name.conf");
}

TEST_F(CommandLineTest, CheckWarnsOfKeysThatOthersReadAlsoInFilesOfTheirOwn) {
  const std::string key = Write("key", "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n");
  const std::string config = Write("wg0.conf", "[Interface]\nPrivateKeyFile = " + key + "\n");
  ASSERT_EQ(::chmod(key.c_str(), 0644), 0);
  EXPECT_EXIT(RunProgram({"check", config}), testing::ExitedWithCode(0),
              "warning: .*key holds keys and is readable by everyone \\(chmod 600");
}

TEST_F(CommandLineTest, CheckReadsKeyFilesAsRunDoes) {
  Write("key", "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n");
  const std::string config = Write("wg0.conf", "[Interface]\nPrivateKeyFile = key\n");
  EXPECT_EXIT(RunProgram({"check", config}), testing::ExitedWithCode(0), "wg0.conf: ok")
      << "next to the configuration";
  Write("key", "no key\n");
  EXPECT_EXIT(RunProgram({"check", config}), testing::ExitedWithCode(1),
              "wg0.conf:2:18: .*/key holds no key");
  const std::string missing =
      Write("wg1.conf", "[Interface]\n[Peer]\nPresharedKeyFile = psk\nNoSuchKey = 1\n");
  EXPECT_EXIT(RunProgram({"check", missing}), testing::ExitedWithCode(1),
              "wg1.conf:4:1: .*wg1.conf:3:20: read .*/psk: No such file");
}

// A key as an editor of Windows saves it.
std::string Utf16KeyFile() {
  std::string text = "\xFF\xFE";
  for (const char c : std::string("yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n")) {
    text += c;
    text += '\0';
  }
  return text;
}

TEST_F(CommandLineTest, AKeyInAnotherEncodingIsNamed) {
  const std::string key = Write("key", Utf16KeyFile());
  EXPECT_EXIT(RunProgram({"pubkey"}, key), testing::ExitedWithCode(1),
              "stdin: not a key: it is UTF-16; save it as UTF-8");
  const std::string config = Write("wg0.conf", "[Interface]\nPrivateKeyFile = key\n");
  EXPECT_EXIT(RunProgram({"check", config}), testing::ExitedWithCode(1),
              "wg0.conf:2:18: .*/key holds no key: it is UTF-16; save it as UTF-8");
  Write("key", "\xC2\xA0yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n");
  EXPECT_EXIT(RunProgram({"check", config}), testing::ExitedWithCode(1),
              "holds no key: it holds U.00A0 .no-break space.");
  Write("key", "\xEF\xBB\xBFyAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\r\n");
  EXPECT_EXIT(RunProgram({"check", config}), testing::ExitedWithCode(0), "wg0.conf: ok");
}

TEST_F(CommandLineTest, CheckAndUpWarnOfWhatCanHardlyBeMeant) {
  const std::string config = Write("wg0.conf", std::string(kKeys) + "PersistentKeepalive = 25\n");
  EXPECT_EXIT(RunProgram({"check", config}), testing::ExitedWithCode(0),
              "warning: .*wg0.conf:8:23: PersistentKeepalive .*\n.*wg0.conf: ok\n$");
  const std::string masquerade =
      Write("wg1.conf", std::string(kKeys) + "[Gateway]\nMasquerade = wg1\n");
  EXPECT_EXIT(RunProgram({"check", masquerade}), testing::ExitedWithCode(0),
              "warning: .*wg1.conf: Masquerade = wg1 is the tunnel itself");
}

TEST_F(CommandLineTest, RunNamesTheFirstErrorAndCountsTheOthers) {
  const std::string path = Write("wg0.conf", "[Interface]\nPrivateKey = short\nNoSuchKey = 1\n");
  EXPECT_EXIT(RunProgram({"run", path}), testing::ExitedWithCode(1), "wg0.conf:2:.*and 1 more");
}

TEST_F(CommandLineTest, DownOfWhatIsNotThereIsAnError) {
  EXPECT_EXIT(RunProgram({"down", "no-such-if"}), testing::ExitedWithCode(1),
              "ringwire: cannot take no-such-if down: it is not up");
  EXPECT_EXIT(RunProgram({"down", "/etc/ringwire/no-such-if.conf"}), testing::ExitedWithCode(1),
              "ringwire: cannot take no-such-if down: it is not up");
}

TEST_F(CommandLineTest, AConfigurationIsNamedAfterItsInterface) {
  for (const char* const command : {"run", "up", "check", "strip"}) {
    EXPECT_EXIT(RunProgram({command, Write("x.txt", kKeys)}), testing::ExitedWithCode(1),
                "ringwire: cannot use .*x.txt as a configuration: .*rename or copy it to x.conf");
    EXPECT_EXIT(RunProgram({command, Write("office.conf.bak", kKeys)}), testing::ExitedWithCode(1),
                "rename or copy it to office.conf");
  }
}

TEST_F(CommandLineTest, RunNamesAFileWhoseNameIsNoInterface) {
  EXPECT_EXIT(RunProgram({"run", Write("a-name-that-is-too-long.conf", kKeys)}),
              testing::ExitedWithCode(1), "is no interface name");
}

}  // namespace
}  // namespace ringwire::platform
