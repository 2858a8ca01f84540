#include "platform/app/setup_questions.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/ascii.h"
#include "core/config/number_text.h"
#include "fmt/format.h"
#include "platform/base/paths.h"

namespace ringwire::platform {
namespace {

absl::Status TakeInterface(std::string_view answer, FirstGateway* gateway) {
  absl::Status status = CheckInterfaceName(answer);
  if (status.ok()) gateway->interface = answer;
  return status;
}

absl::Status TakePort(std::string_view answer, FirstGateway* gateway) {
  const std::optional<uint64_t> port = ParseNumber(answer, 65535);
  if (!port.has_value() || *port == 0) {
    return absl::InvalidArgumentError(fmt::format("`{}` is no port (1 to 65535)", answer));
  }
  gateway->listen_port = static_cast<uint16_t>(*port);
  return absl::OkStatus();
}

std::string AddressesText(const FirstGateway& gateway) {
  std::string text;
  for (const InterfaceAddress& one : gateway.addresses) {
    text += (text.empty() ? "" : ", ") + one.ToString();
  }
  return text;
}

// Whether clients find room in its network.
bool HasClients(const InterfaceAddress& address) {
  return address.length + 1 < address.address.Bits();
}

absl::Status TakeAddresses(std::string_view answer, FirstGateway* gateway) {
  std::vector<InterfaceAddress> addresses;
  while (!answer.empty()) {
    const std::string_view word = answer.substr(0, answer.find(','));
    answer.remove_prefix(std::min(word.size() + 1, answer.size()));
    const std::string_view trimmed = Trim(word);
    const std::optional<InterfaceAddress> address = InterfaceAddress::Parse(trimmed);
    if (!address.has_value() || !HasClients(*address)) {
      return absl::InvalidArgumentError(fmt::format(
          "`{}` is no address with a network for clients, such as 10.77.0.1/24", trimmed));
    }
    addresses.push_back(*address);
  }
  if (addresses.empty()) return absl::InvalidArgumentError("an address is missing");
  gateway->addresses = std::move(addresses);
  return absl::OkStatus();
}

absl::Status TakeForwards(std::string_view answer, FirstGateway* gateway) {
  const bool yes = answer == "yes" || answer == "y";
  if (!yes && answer != "no" && answer != "n") {
    return absl::InvalidArgumentError(fmt::format("`{}` is neither yes nor no", answer));
  }
  gateway->forwards = yes;
  return absl::OkStatus();
}

}  // namespace

const std::array<SetupQuestion, kSetupQuestionCount> kSetupQuestions = {{
    {"name", "The name of the interface",
     [](const FirstGateway& gateway) { return gateway.interface; }, TakeInterface},
    {"port", "The UDP port that clients send to",
     [](const FirstGateway& gateway) { return fmt::to_string(gateway.listen_port); }, TakePort},
    {"address", "This host's addresses in the tunnel, with the networks of its clients",
     AddressesText, TakeAddresses},
    {"internet", "Do clients reach the internet through this host (yes or no)",
     [](const FirstGateway& gateway) { return std::string(gateway.forwards ? "yes" : "no"); },
     TakeForwards},
}};

}  // namespace ringwire::platform
