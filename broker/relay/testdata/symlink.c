/* A client of libssh: makes LINK point to TO over SFTP. Usage: symlink PORT TO LINK */
#include <libssh/libssh.h>
#include <libssh/sftp.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
	unsigned port = argc == 4 ? atoi(argv[1]) : 0;
	ssh_session s = ssh_new();
	ssh_options_set(s, SSH_OPTIONS_HOST, "127.0.0.1");
	ssh_options_set(s, SSH_OPTIONS_PORT, &port);
	ssh_options_set(s, SSH_OPTIONS_USER, "sato");
	if (ssh_connect(s) != SSH_OK || ssh_userauth_none(s, NULL) != SSH_AUTH_SUCCESS) {
		fprintf(stderr, "connect: %s\n", ssh_get_error(s));
		return 1;
	}
	sftp_session f = sftp_new(s);
	if (f == NULL || sftp_init(f) != SSH_OK) {
		fprintf(stderr, "sftp: %s\n", ssh_get_error(s));
		return 1;
	}
	int rc = sftp_symlink(f, argv[2], argv[3]);
	if (rc != 0)
		fprintf(stderr, "symlink: %d\n", sftp_get_error(f));
	sftp_free(f);
	ssh_disconnect(s);
	ssh_free(s);
	return rc != 0;
}
