"""Clients of AsyncSSH and paramiko. Usage: client.py asyncssh|paramiko PORT symlink TO LINK | copy FROM REMOTE BACK"""
import asyncio
import sys

library, port, act, *args = sys.argv[1:]

if library == "asyncssh":
    import asyncssh

    async def main():
        async with asyncssh.connect("127.0.0.1", int(port), username="sato", known_hosts=None, client_keys=None, config=None) as conn:
            async with conn.start_sftp_client() as sftp:
                if act == "symlink":
                    await sftp.symlink(*args)
                else:
                    await sftp.put(args[0], args[1])
                    await sftp.get(args[1], args[2])

    asyncio.run(main())
else:
    import paramiko

    transport = paramiko.Transport(("127.0.0.1", int(port)))
    transport.start_client(timeout=30)
    transport.auth_none("sato")
    sftp = paramiko.SFTPClient.from_transport(transport)
    if act == "symlink":
        sftp.symlink(*args)
    else:
        sftp.put(args[0], args[1])
        sftp.get(args[1], args[2])
    transport.close()
