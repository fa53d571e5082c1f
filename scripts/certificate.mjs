// A self-signed certificate for local https: Spack before 1.0 speaks OCI over https only.

import { existsSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Explained, run } from './run.mjs';

/** The certificate and key kept in the given folder, made the first time. */
export async function certificateIn(folder) {
  const certificate = join(folder, 'certificate.pem');
  const key = join(folder, 'certificate-key.pem');
  if (existsSync(certificate) && existsSync(key)) return { certificate, key };
  mkdirSync(folder, { recursive: true });
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1';
  const options = ['-subj', '/CN=localhost', '-addext', names, '-days', '825', '-nodes'];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', key, '-out', certificate];
  try {
    // openssl gives the key's file mode 600 itself.
    await run('openssl', ['req', '-x509', ...newKey, ...options]);
  } catch (error) {
    await Promise.all([rm(certificate, { force: true }), rm(key, { force: true })]);
    throw new Explained(`No certificate could be made for https. Install openssl and try again.\n${error.message}`);
  }
  return { certificate, key };
}
