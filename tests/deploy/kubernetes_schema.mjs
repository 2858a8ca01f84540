// node kubernetes_schema.mjs PACKAGES FILE: judges a list of Kubernetes objects (JSON) by the API's own schemas, those of npm's
// kubernetes-models below PACKAGES/node_modules. Also refuses keys that no schema knows, as the API server does with strict validation.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [packages, file] = process.argv.slice(2);

// The schemas are compiled into functions that look at each key they know. So a key at which none has looked is unknown.
function watched(value, path, unseen) {
  if (value === null || typeof value !== 'object') return value;
  const children = {};
  for (const key of Object.keys(value)) {
    const name = `${path}/${key}`;
    if (!Array.isArray(value)) unseen.add(name);
    children[key] = watched(value[key], name, unseen);
  }
  return new Proxy(value, {
    get(target, key) {
      if (typeof key === 'symbol' || !Object.hasOwn(children, key)) return target[key];
      unseen.delete(`${path}/${key}`);
      return children[key];
    },
  });
}

async function validatorOf(object) {
  const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
  const name = `IoK8sApi${group ? group[0].toUpperCase() + group.slice(1) : 'Core'}${version[0].toUpperCase() + version.slice(1)}${object.kind}`;
  const { validate } = await import(pathToFileURL(`${packages}/node_modules/kubernetes-models/_schemas/${name}.js`));
  return validate;
}

let failed = false;
for (const object of JSON.parse(readFileSync(file, 'utf8'))) {
  const name = `${object.kind} ${object.metadata?.name}`;
  const validate = await validatorOf(object);
  const unseen = new Set();
  const valid = validate(watched(object, '', unseen));
  const errors = valid ? [] : validate.errors.map((error) => `${error.instancePath}: ${error.keyword} ${JSON.stringify(error.params)}`);
  errors.push(...[...unseen].map((path) => `${path}: unknown key`));
  for (const error of errors) console.error(`${name}${error}`);
  failed ||= errors.length > 0;
  if (!errors.length) console.log(`ok: ${name}`);
}
process.exitCode = failed ? 1 : 0;
