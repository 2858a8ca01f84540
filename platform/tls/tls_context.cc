#include "platform/tls/tls_context.h"

#include <openssl/crypto.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>

#include <iterator>
#include <utility>

#include "core/base/status_macros.h"
#include "platform/tls/key_exchange.h"
#include "platform/tls/tls_callbacks.h"

namespace ringwire::platform {
namespace {

// Chains of public CAs have 4 to 6 KB.
constexpr size_t kPeerChainBytesMax = 32 * 1024;

// What a client accepts from a server. The library's own list lacks Ed25519.
constexpr uint16_t kVerifiable[] = {
    SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_ED25519,
    SSL_SIGN_ECDSA_SECP384R1_SHA384, SSL_SIGN_RSA_PSS_RSAE_SHA256,
    SSL_SIGN_RSA_PSS_RSAE_SHA384,    SSL_SIGN_RSA_PSS_RSAE_SHA512,
};

absl::Status Refused() { return absl::InternalError("cannot start TLS: the library refuses it"); }

}  // namespace

void PrepareTlsForSandbox() { CRYPTO_pre_sandbox_init(); }

void TlsContext::LibraryDeleter::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

absl::Status TlsContext::Prepare(PostQuantum post_quantum) {
  post_quantum_ = post_quantum;
  library_.reset(SSL_CTX_new(TLS_with_buffers_method()));
  SSL_CTX* const library = library_.get();
  if (library == nullptr || SSL_CTX_set_min_proto_version(library, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(library, TLS1_3_VERSION) != 1) {
    return Refused();
  }
  SSL_CTX_set_options(library, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_num_tickets(library, 0);
  SSL_CTX_set_session_cache_mode(library, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_early_data_enabled(library, 0);
  SSL_CTX_set_mode(library, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_max_cert_list(library, kPeerChainBytesMax);
  return SetKeyExchanges(post_quantum, library);
}

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::ForServer(TlsServerOptions options) {
  if (options.chain.empty()) return absl::InvalidArgumentError("there is no certificate");
  const std::vector<uint16_t> signatures = SignatureAlgorithmsOf(*options.chain.front());
  if (signatures.empty()) {
    return absl::InvalidArgumentError(
        "the certificate's key is of a kind or size that ringwire does not use");
  }
  std::shared_ptr<TlsContext> context(new TlsContext);
  context->is_server_ = true;
  context->server_names_ = std::move(options.server_names);
  // A server that requires a hybrid exchange still talks to a client without one, to tell it so.
  RETURN_IF_ERROR(context->Prepare(options.post_quantum));
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> owners;
  std::vector<CRYPTO_BUFFER*> chain;
  for (const Certificate& certificate : options.chain) {
    const std::vector<uint8_t> der = ToDer(*certificate);
    owners.emplace_back(CRYPTO_BUFFER_new(der.data(), der.size(), nullptr));
    chain.push_back(owners.back().get());
  }
  SSL_CTX* const library = context->library();
  if (SSL_CTX_set_chain_and_key(library, chain.data(), chain.size(), nullptr,
                                &TlsCallbacks::kSigner) != 1 ||
      SSL_CTX_set_signing_algorithm_prefs(library, signatures.data(), signatures.size()) != 1 ||
      SSL_CTX_set_tlsext_servername_callback(library, TlsCallbacks::CheckServerName) != 1) {
    return Refused();
  }
  SSL_CTX_set_alpn_select_cb(library, TlsCallbacks::ChooseProtocol, nullptr);
  return context;
}

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::ForClient(TlsClientOptions options) {
  std::shared_ptr<TlsContext> context(new TlsContext);
  context->trust_ = std::move(options.trust);
  RETURN_IF_ERROR(context->Prepare(options.post_quantum));
  SSL_CTX* const library = context->library();
  // The one function of these that returns 0 for success.
  if (SSL_CTX_set_alpn_protos(library, kHttp11, sizeof(kHttp11)) != 0 ||
      SSL_CTX_set_verify_algorithm_prefs(library, kVerifiable, std::size(kVerifiable)) != 1) {
    return Refused();
  }
  SSL_CTX_set_custom_verify(library, SSL_VERIFY_PEER, TlsCallbacks::VerifyPeer);
  return context;
}

}  // namespace ringwire::platform
