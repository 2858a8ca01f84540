// A client of enrolment that shares no code with ringwire: Node's own TLS and HTTP (OpenSSL and llhttp underneath).
// usage: node enrol_client.mjs login|renew|end NAME ADDRESS PORT CA_FILE OPTIONS_JSON
// Prints one line of JSON: the status, the answer's body, and the preshared key that the TLS session gives.
// OPTIONS: user, password, device, public_key (login); token, revision, public_key with rekey (renew); token (end);
// wrong_binding: pretend that another party ends TLS on the way.
import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';

const [verb, name, address, port, caFile, optionsText] = process.argv.slice(2);
const options = JSON.parse(optionsText);
const agent = new https.Agent({keepAlive: true, maxSockets: 1});

function ask(method, path, body, token) {
  const headers = {Host: name};
  if (body) headers['Content-Type'] = 'application/json';
  if (token) headers['Authorization'] = `Bearer ${token}`;
  const text = body ? JSON.stringify(body) : '';
  if (body) headers['Content-Length'] = Buffer.byteLength(text);
  return new Promise((resolve, reject) => {
    const request = https.request({
      host: address, port, path, method, headers, agent, servername: name, ca: fs.readFileSync(caFile),
      minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'], timeout: 60000,
    }, (response) => {
      const socket = response.socket;
      const keys = (label, context) => socket.exportKeyingMaterial(32, label, context);
      let answer = '';
      response.on('data', (chunk) => { answer += chunk; });
      response.on('end', () => resolve({status: response.statusCode, body: answer ? JSON.parse(answer) : null, keys}));
    });
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.end(text);
  });
}

// RFC 9266: the same at both ends of one TLS session only.
async function checkServer() {
  const {status, body, keys} = await ask('GET', '/ringwire/v1/');
  let binding = keys('EXPORTER-Channel-Binding', Buffer.alloc(0));
  if (options.wrong_binding) binding = crypto.randomBytes(32);
  if (status !== 200 || body.binding !== binding.toString('base64url')) throw new Error('another party ends TLS on the way');
}

function presharedKey(keys, gatewayKey) {
  const context = Buffer.concat([Buffer.from([1]), Buffer.from(options.public_key, 'base64'), Buffer.from(gatewayKey, 'base64')]);
  return keys('EXPERIMENTAL-ringwire-psk-v1', context).toString('base64');
}

async function main() {
  await checkServer();
  let answer;
  if (verb === 'login') {
    const {user, password, device, public_key} = options;
    answer = await ask('POST', '/ringwire/v1/leases', {user, password, device, public_key});
  } else if (verb === 'renew') {
    const {revision, rekey, public_key} = options;
    answer = await ask('POST', '/ringwire/v1/lease', {revision, rekey, public_key}, options.token);
  } else {
    answer = await ask('DELETE', '/ringwire/v1/lease', null, options.token);
  }
  const result = {status: answer.status, body: answer.body};
  const gatewayKey = answer.body?.config?.gateway_key ?? options.gateway_key;
  if (gatewayKey && options.public_key) result.preshared_key = presharedKey(answer.keys, gatewayKey);
  console.log(JSON.stringify(result));
}

main().then(() => process.exit(0), (error) => { console.error(`enrol_client: ${error.message}`); process.exit(1); });
